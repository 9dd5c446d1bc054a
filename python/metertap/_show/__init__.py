"""How things show themselves: in notebooks as HTML and SVG without script, in terminals as text; a module a concern."""
