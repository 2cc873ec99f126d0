// The openai npm package, driven from Python: one job a line on stdin, its outcome on one line of stdout.
// A job is {base_url, call, args}; an outcome is {answer, chunks, error}, with whatever came before an error.
import { createInterface } from "node:readline";

import OpenAI from "openai";

const calls = {
  chat: (client, args, outcome) => client.chat.completions.create(args).then((answer) => (outcome.answer = answer)),
  stream: async (client, args, outcome) => {
    for await (const chunk of await client.chat.completions.create({ ...args, stream: true })) outcome.chunks.push(chunk);
  },
  list: async (client, args, outcome) => {
    outcome.answer = [];
    for await (const model of client.models.list()) outcome.answer.push(model);
  },
  retrieve: (client, args, outcome) => client.models.retrieve(args.model).then((model) => (outcome.answer = model)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { base_url, call, args } = JSON.parse(line);
  const client = new OpenAI({ baseURL: base_url, apiKey: "sk-app", maxRetries: 0, timeout: 15_000 });
  const outcome = { chunks: [] };
  try {
    await calls[call](client, args, outcome);
  } catch (error) {
    const { status, code, type, param, message, requestID } = error;
    outcome.error = { class: error.constructor.name, status, code, type, param, message, requestID };
  }
  process.stdout.write(JSON.stringify(outcome) + "\n");
}
