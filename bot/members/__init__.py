"""What readers may do, the same for web, mail and chat; and the roster that all verbs start from.

reader -> page, mail or chat -> command -> members, suppressions, feedback          (one transaction per command)
YAML + members - suppressions -> roster -> the verbs
"""
