"""Pages for people: how reports look (templates, styles, plots), and the documents' pages of numbers."""
