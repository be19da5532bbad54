"""What results look like: figures rounded for people, tables and notes as data, and what writes them down.

`views` makes blocks (`blocks`) out of reports, once; `terminal` and `markdown` render them.
"""
