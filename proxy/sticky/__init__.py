"""Labels stick: what a labelled exchange said, a later request cannot say without its labels.

`Stickiness` recalls and remembers. What it keeps is keyed hashes with a label and a time each, in one `Table` of fixed
size that all worker processes share; no text is kept, and nobody without the key can try texts against it. A message
that is long enough is found again alone, short talk by the run of messages that it ends.

System and developer messages leave no trace. They are an app's standing instructions, the same in each conversation:
with them one labelled request would label the whole app for a day. What they say is judged anew in every request.
"""
