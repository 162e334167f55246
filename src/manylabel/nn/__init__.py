"""Parts that know tensors, and pretrained parts that texts become vectors with."""
