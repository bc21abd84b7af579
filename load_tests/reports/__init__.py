"""Reports: JSON files, tables on the terminal and plots."""
