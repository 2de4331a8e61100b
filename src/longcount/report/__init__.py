"""Tables, figures and the page: they read stored results and never recompute them."""
