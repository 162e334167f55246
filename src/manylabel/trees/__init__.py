"""Label trees: what labels look like, how they are clustered, and the search down the tree.

Serves linear models and networks alike: a :class:`~manylabel.trees.label_tree.LabelTree` is data with no model inside.
"""
