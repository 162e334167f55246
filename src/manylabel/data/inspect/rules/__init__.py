"""The rules: one file each, and one line in the table of `manylabel.data.inspect`."""
