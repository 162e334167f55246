"""AttentionXML: label attention on a label tree, level by level."""
