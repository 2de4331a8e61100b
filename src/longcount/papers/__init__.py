"""Papers: what each prints, and what of it holds here; one package per paper."""
