"""A run as one page that needs nothing else: what is gathered while the data are open, the charts, the page."""
