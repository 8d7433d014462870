"""The plan of the course: its floors, and its chapters in the order of their numbers.

The first digit of a chapter's number is its floor. The README's table, the course map and the
structure tests all read this one list.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """One stage of the process: the package's folder, the stage's name, what it leaves behind."""

    number: int
    folder: str
    title: str
    product: str


@dataclass(frozen=True)
class Chapter:
    """One notebook: the question it answers, the minutes to read it, the module it builds.

    A planned chapter has a number and a title only; nothing links to it yet.
    """

    number: int
    title: str
    question: str = ""
    minutes: int = 0
    module: str = ""

    @property
    def label(self) -> str:
        """The number as it is written everywhere, with two digits: `00`, `32`."""
        return f"{self.number:02d}"

    @property
    def floor(self) -> int:
        """The floor on which the chapter lives, 0 for the whole road."""
        return self.number // 10

    @property
    def planned(self) -> bool:
        """True while the chapter is only planned."""
        return not self.question

    @property
    def notebook(self) -> str:
        """The notebook's path from the repository's root."""
        return f"notebooks/{self.label}_{self.title.lower().replace(' ', '_')}.ipynb"


FLOORS = (
    Floor(1, "collect", "data collection", "documents"),
    Floor(2, "prepare", "preprocessing", "token shards"),
    Floor(3, "model", "architecture", "a network"),
    Floor(4, "train", "training", "a language model"),
    Floor(5, "tune", "fine-tuning", "a classifier"),
    Floor(6, "evaluate", "evaluation", "scores to trust"),
)

CHAPTERS = (
    Chapter(
        0,
        "The whole road",
        "What are the steps from raw text to a language model, and what does each leave behind?",
        25,
        "minilm.build",
    ),
    Chapter(
        10,
        "Collecting data",
        "Where does training text come from, and what must be written down about it?",
        50,
        "minilm.collect",
    ),
    Chapter(
        11,
        "Crawling and extracting",
        "How do you take pages from the web without harming anyone, and get their text out of"
        " them?",
        50,
        "minilm.collect.crawl",
    ),
    Chapter(
        12,
        "Whose data is it",
        "May this text be used, who is in it, and what happens when somebody says no?",
        45,
        "minilm.removal",
    ),
    Chapter(
        20,
        "Cleaning",
        "What should be taken out of a text before it is read, and what does each removal cost?",
        55,
        "minilm.prepare.filters",
    ),
    Chapter(
        21,
        "Duplicates and contamination",
        "What does a text that comes twice do to a model, and what if the second time is the test?",
        50,
        "minilm.prepare.deduplicate",
    ),
    Chapter(
        22,
        "Tokenizing",
        "How does text become numbers without losing a byte?",
        45,
        "minilm.prepare.bpe",
    ),
    Chapter(
        23,
        "Other tokenizers",
        "What changes when words are cut in another way, and for whom?",
        60,
        "minilm.prepare.unigram",
    ),
    Chapter(
        24,
        "Batches and packing",
        "How do documents of all lengths fill rows of one length, and what does each way cost?",
        50,
        "minilm.prepare.packing",
    ),
    Chapter(
        30,
        "Counting",
        "How far does counting what follows what get you, and when does learning begin to pay?",
        45,
        "minilm.model.ngram",
    ),
    Chapter(
        31,
        "Recurrence",
        "How can a network remember what it has read, and why does it forget?",
        45,
        "minilm.model.recurrent",
    ),
    Chapter(
        32,
        "Attention",
        "How does a token find out which earlier tokens matter to it?",
        45,
        "minilm.model.attention",
    ),
    Chapter(
        33,
        "The transformer",
        "What turns attention into a language model?",
        40,
        "minilm.model.transformer",
    ),
    Chapter(
        34,
        "The modern transformer",
        "Which of the changes made since 2017 earn their place, measured one at a time?",
        50,
        "minilm.model.transformer",
    ),
    Chapter(
        35,
        "Encoders and decoders",
        "What changes when a model may look ahead, or reads one text to write another?",
        45,
        "minilm.model.encoder",
    ),
    Chapter(
        36,
        "Reading real models",
        "What is inside a pretrained model, and is it the model that you have built?",
        50,
        "minilm.model.pretrained",
    ),
    Chapter(
        40,
        "Backpropagation",
        "How does a network find out which of its numbers to blame?",
        50,
        "minilm.train.autograd",
    ),
    Chapter(
        41,
        "Optimizers",
        "What is the best use of a gradient, once you have it?",
        50,
        "minilm.train.optimizers",
    ),
    Chapter(
        42,
        "The training loop",
        "What happens in one step of training, and how do you know that it works?",
        55,
        "minilm.train.trainer",
    ),
    Chapter(
        43,
        "When training breaks",
        "A run went wrong: which of ten faults is it, and how do its curves tell?",
        55,
        "minilm.train.watch",
    ),
    Chapter(
        44,
        "Many devices",
        "How do many devices train one model, and how do you know that it is the same one?",
        50,
        "minilm.train.parallel",
    ),
    Chapter(
        45,
        "Hyperparameters and scaling laws",
        "How do small runs tell you what a large one should be?",
        50,
        "minilm.train.scaling",
    ),
    Chapter(
        46,
        "Planning a large run",
        "What does a large run need, in memory, days, wire and money, before you start it?",
        45,
        "minilm.plan",
    ),
    Chapter(
        51,
        "Sentiment",
        "What does pretraining buy you on a task with labels?",
        45,
        "minilm.tune.classify",
    ),
    Chapter(
        60,
        "Measuring",
        "How good is the model, and how sure can you be?",
        50,
        "minilm.evaluate",
    ),
)


def chapter(number: int) -> Chapter:
    """Return the chapter with this number; raise KeyError when the course has none."""
    for one in CHAPTERS:
        if one.number == number:
            return one
    raise KeyError(f"the course has no chapter {number:02d}")
