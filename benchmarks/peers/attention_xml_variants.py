"""Names of what ``attention_xml.py`` compares."""

TREE, FLAT = "attention-xml", "bilstm"
LINEAR, FUSED, FUSED_TREE = "linear-tree", "fused", "fused-attention-xml"
