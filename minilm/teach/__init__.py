"""The teaching floor: instant checks for exercises, figures, and the plan of the course.

It looks at every other floor and no floor looks at it, so the language models work without it. It
is the only place that imports matplotlib or ipywidgets. `check` turns a few properties into an
exercise that answers at once, `checks` holds them chapter by chapter, `style` is how the course
draws, `figures` holds the pictures chapter by chapter, and `course` is the table of chapters.
"""
