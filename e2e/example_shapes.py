"""Whether an answer is what its published example says: the same fields, the same forms, the same fixed values."""

import re

FORMS = {
    "a UTC time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "a UUID": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "a JWT": re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"),
    "a refresh token": re.compile(r"mbr1_[\w-]+"),
}
# What differs from one moment to the next, and still has its type.
OF_THE_MOMENT = {"expires_at_unix", "user_agent", "address", "current", "is_current"}


def differences(example, answer, place="the answer"):
    """How an answer differs from its example; empty when it does not."""
    if isinstance(example, dict) and isinstance(answer, dict):
        found = [f"{place}: {name} is missing" for name in example.keys() - answer.keys()]
        found += [f"{place}: {name} is not in the example" for name in answer.keys() - example.keys()]
        for name in example.keys() & answer.keys():
            found += differences(example[name], answer[name], f"{place}.{name}")
        return found
    if isinstance(example, list) and isinstance(answer, list):
        of_each = ((item, f"{place}[{index}]") for index, item in enumerate(answer))
        return [found for item, where in of_each for found in differences(example[0], item, where)]
    if type(example) is not type(answer):
        return [f"{place}: {answer!r} is of another type than {example!r}"]
    form = next((form for form in FORMS.items() if isinstance(example, str) and form[1].fullmatch(example)), None)
    if form:
        return [] if form[1].fullmatch(answer) else [f"{place}: {answer!r} is not {form[0]}"]
    if place.rpartition(".")[2] in OF_THE_MOMENT or example == answer:
        return []
    return [f"{place}: {answer!r} is not {example!r}"]
