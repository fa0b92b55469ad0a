from __future__ import annotations

import subprocess
import sys

import pytest

from synthda.errors import SettingError
from synthda.settings import settings_of
from synthda.synth import RENDERERS, load_renderer


@pytest.mark.parametrize("name", RENDERERS)
def test_each_setting_of_a_renderer_has_a_default_and_a_line_of_help(name: str) -> None:
    settings = settings_of(load_renderer(name))
    assert settings
    assert all(setting.help for setting in settings.values())


@pytest.mark.parametrize("name", RENDERERS)
def test_each_default_lies_in_its_own_range(name: str) -> None:
    for setting in settings_of(load_renderer(name)).values():
        if setting.range is not None:
            assert setting.range.low <= setting.default <= setting.range.high, setting.name


def test_a_misspelt_renderer_gets_near_matches() -> None:
    with pytest.raises(SettingError, match="Did you mean syn-numbers"):
        load_renderer("syn-number")


def test_renderers_do_not_import_torch() -> None:
    code = (
        "import sys, synthda.synth as s; [s.load_renderer(n) for n in s.RENDERERS]; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
