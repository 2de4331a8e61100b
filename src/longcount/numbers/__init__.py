"""Numbers that cells' equations run on besides plain ones: recorded numbers, from which the way back is derived."""
