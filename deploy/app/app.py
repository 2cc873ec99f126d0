#!/usr/bin/env python3
"""An app like any other: OPENAI_BASE_URL decides where it asks, and wye, behind it, who answers."""

import sys

from openai import OpenAI

questions = sys.argv[1:] or ["Why is the sky blue? One sentence.", "My password is hunter2, is it a good one?"]
client = OpenAI()

for question in questions:
    sys.stdout.write(f"\n> {question}\n")
    model = ""
    messages = [{"role": "user", "content": question}]
    for chunk in client.chat.completions.create(model="gpt-4o", messages=messages, stream=True):
        model = chunk.model
        if chunk.choices and (text := chunk.choices[0].delta.content):
            sys.stdout.write(text)
            sys.stdout.flush()
    sys.stdout.write(f"\n({model} answered)\n")
