"""An analysis as a person reads it: for the terminal, as Markdown, as LaTeX and as a picture."""
