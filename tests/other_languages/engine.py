"""A small engine that speaks gradcheck's line protocol, in Python without any package."""

import json
import math
import sys

OPS = {
    # op: its value, and what it passes back to each argument when g arrives at its result y
    "add": (lambda a, b: a + b, lambda g, y, a, b: (g, g)),
    "sub": (lambda a, b: a - b, lambda g, y, a, b: (g, -g)),
    "mul": (lambda a, b: a * b, lambda g, y, a, b: (g * b, g * a)),
    "div": (lambda a, b: a / b, lambda g, y, a, b: (g / b, -g * a / (b * b))),
    "neg": (lambda a: -a, lambda g, y, a: (-g,)),
    "exp": (math.exp, lambda g, y, a: (g * y,)),
    "tanh": (math.tanh, lambda g, y, a: (g / math.cosh(a) ** 2 if abs(a) < 300 else 0.0,)),
    "sin": (math.sin, lambda g, y, a: (g * math.cos(a),)),
    "relu": (lambda a: max(a, 0.0), lambda g, y, a: (g if a > 0 else 0.0,)),
}


def gradients(graph, point):
    value, grad = {}, {}
    for node in graph["nodes"]:  # every node stands after its arguments
        name = node["name"]
        grad[name] = 0.0
        if "inputs" in node:
            value[name] = OPS[node["op"]][0](*(value[i] for i in node["inputs"]))
        else:
            value[name] = float(node["value"] if "value" in node else point[name])
    grad[graph["loss"]] = 1.0
    for node in reversed(graph["nodes"]):
        if "inputs" in node:
            arguments = [value[i] for i in node["inputs"]]
            back = OPS[node["op"]][1](grad[node["name"]], value[node["name"]], *arguments)
            for i, g in zip(node["inputs"], back, strict=True):
                grad[i] += g
    wanted = [node["name"] for node in graph["nodes"] if node["op"] == "parameter"]
    return {"value": value[graph["loss"]], "gradients": {name: grad[name] for name in wanted}, "adjoints": grad}


def reply(question):
    if question["do"] == "hello":
        return {"gradcheck": 1, "name": "engine.py", "ops": sorted(OPS), "dtype": "float64", "scalars": True}
    try:
        return {"id": question["id"], **gradients(question["graph"], question["point"])}
    except Exception as wrong:
        return {"id": question["id"], "error": f"{type(wrong).__name__}: {wrong}"}


for line in sys.stdin:
    print(json.dumps(reply(json.loads(line))), flush=True)
