"""Labels stick: what a labelled exchange said, a later request cannot say without its labels.

`Stickiness` recalls and remembers. What it keeps is keyed hashes with a label and a time each, in one `Table` of fixed
size that all worker processes share; no text is kept, and nobody without the key can try texts against it. A message
that is long enough is found again alone, a paragraph, line or sentence of 40 letters where it is quoted, short talk by
the run of messages that it ends. Looked for is every text of a later body, wherever it stands.

Remembered are messages, what tools were called with and answered, and replies with what the model thought. System and
developer messages leave no trace. They are an app's standing instructions, the same in each conversation: with them
one labelled request would label the whole app for a day. What they say is judged anew in every request.

Nothing is forgotten before its time. A table that is too full, by a flood or by much honest talk, finds more than was
said, not less, and first for whom it is fuller of; an exchange that says more than can be remembered labels all that
its caller says. What is said in other words is not recognised: labels are detected, not guaranteed.
"""
