"""What trivial scorers reach on the labelled prompts: a real one has to beat each of them.

python -m tests.corpora.prompts.baselines             # on dev, cross-validated
python -m tests.corpora.prompts.baselines --held-out  # fitted on dev, measured on the held-out third
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence

from tests.corpora.prompts.records import Prompt, dev, held_out, share

# The article's complexity terms, all of them.
ARTICLE_TERMS = (
    *("analyze", "synthesize", "evaluate", "compare", "contrast", "explain", "technical", "detailed"),
    *("comprehensive", "algorithm", "implementation", "architecture", "design", "optimize", "complex"),
)
FOLDS = 5
# A word, or one character of a script that writes no spaces.
WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W\u3040-\u30ff\u4e00-\u9fff]+")

Classify = Callable[[Prompt], Hashable]
Fit = Callable[[Sequence[Prompt], Classify], Classify]


def majority(prompts: Sequence[Prompt], label: Classify) -> Classify:
    """Always answer what is most frequent."""
    answer = Counter(map(label, prompts)).most_common(1)[0][0]
    return lambda _: answer


def by_bucket(bucket: Classify) -> Fit:
    """Make a baseline that sees one property only, and answers what is most frequent among those that share it."""

    def fit(prompts: Sequence[Prompt], label: Classify) -> Classify:
        otherwise = majority(prompts, label)
        seen: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
        for prompt in prompts:
            seen[bucket(prompt)][label(prompt)] += 1
        answers = {key: counts.most_common(1)[0][0] for key, counts in seen.items()}
        return lambda prompt: answers.get(bucket(prompt), otherwise(prompt))

    return fit


def length(prompt: Prompt) -> int:
    """Give the length of the conversation in steps of a factor of the square root of two."""
    return round(2 * math.log2(1 + len(prompt.text)))


def article_hits(prompt: Prompt) -> int:
    """Count the article's terms as it does: substrings of the last user message in small letters."""
    text = prompt.last.lower()
    return sum(term in text for term in ARTICLE_TERMS)


def bag_of_words(prompts: Sequence[Prompt], label: Classify) -> Classify:
    """Fit a naive Bayes on which words are there (multinomial, each word once a prompt, add-one smoothing)."""
    classes = Counter(map(label, prompts))
    words: dict[Hashable, Counter[str]] = {name: Counter() for name in classes}
    for prompt in prompts:
        words[label(prompt)].update(words_of(prompt))
    vocabulary = set().union(*words.values())
    totals = {name: counts.total() + len(vocabulary) for name, counts in words.items()}

    def score(name: Hashable, seen: set[str]) -> float:
        return math.log(classes[name]) + sum(math.log((words[name][word] + 1) / totals[name]) for word in seen)

    def classify(prompt: Prompt) -> Hashable:
        seen = words_of(prompt) & vocabulary
        return max(classes, key=lambda name: score(name, seen))

    return classify


def words_of(prompt: Prompt) -> set[str]:
    """Give the words of the last message, in small letters: better here than those of the whole conversation."""
    return set(WORD.findall(prompt.last.lower()))


BASELINES: dict[str, Fit] = {
    "majority": majority,
    "length only": by_bucket(length),
    "article's terms": by_bucket(article_hits),
    "bag of words": bag_of_words,
}
LABELS: dict[str, Classify] = {"hard": lambda prompt: prompt.hard, "task": lambda prompt: prompt.task}


def accuracy(classify: Classify, prompts: Sequence[Prompt], label: Classify) -> float:
    """Give the share of prompts that are labelled right."""
    return sum(classify(prompt) == label(prompt) for prompt in prompts) / len(prompts)


def cross_validated(fit: Fit, prompts: Sequence[Prompt], label: Classify) -> float:
    """Give the accuracy on prompts that were not fitted to: each fold by what the others teach."""
    right = 0.0
    for inside, outside in folds(prompts):
        right += accuracy(fit(inside, label), outside, label) * len(outside)
    return right / len(prompts)


def folds(prompts: Sequence[Prompt]) -> Iterator[tuple[list[Prompt], list[Prompt]]]:
    """Split into what is fitted to and what is measured, once for each fold; a prompt's id decides on its fold."""
    for fold in range(FOLDS):
        inside: list[Prompt] = []
        outside: list[Prompt] = []
        for prompt in prompts:
            (outside if share(prompt.id, salt="fold", of=FOLDS) == fold else inside).append(prompt)
        yield inside, outside


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row for each baseline, one column for each label."""
    parser = argparse.ArgumentParser(description="Accuracy of the trivial scorers.")
    parser.add_argument("--held-out", action="store_true", help="fit on dev, measure on the held-out third")
    final = parser.parse_args(arguments).held_out
    seen, unseen = dev(), held_out() if final else []
    print(f"{len(unseen)} held-out prompts" if final else f"{len(seen)} dev prompts, {FOLDS} folds")
    print(f"{'':16}" + "".join(f"{name:>8}" for name in LABELS))
    for name, fit in BASELINES.items():
        cells = [
            accuracy(fit(seen, label), unseen, label) if final else cross_validated(fit, seen, label)
            for label in LABELS.values()
        ]
        print(f"{name:16}" + "".join(f"{cell:8.3f}" for cell in cells))


if __name__ == "__main__":
    main()
