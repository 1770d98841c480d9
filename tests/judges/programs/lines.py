"""How a judge in Python is asked: one JSON object a line in, one a line out."""

import json
import sys

# What a judge never says of a message: the program around it is wrong.
BROKEN = (AttributeError, ImportError, KeyError, NameError, TypeError)


def serve(judge):
    """Answers until standard input ends: `do` names the method, the rest are its arguments."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = getattr(judge, asked.pop("do"))(**asked)
        except BROKEN as error:
            answer = {"broken": f"{type(error).__name__}: {error}"}
        except Exception as error:
            answer = {"refused": f"{type(error).__name__}: {error}"[:2000]}
        print(json.dumps(answer), flush=True)
