// A small engine of backpropagation that speaks gradcheck's line protocol: node engine.js
const OPS = {
  // op: its value, and what it passes back to each argument when g arrives at its result y
  add: [(a, b) => a + b, (g, y, a, b) => [g, g]],
  sub: [(a, b) => a - b, (g, y, a, b) => [g, -g]],
  mul: [(a, b) => a * b, (g, y, a, b) => [g * b, g * a]],
  div: [(a, b) => a / b, (g, y, a, b) => [g / b, (-g * a) / (b * b)]],
  neg: [(a) => -a, (g) => [-g]],
  exp: [Math.exp, (g, y) => [g * y]],
  tanh: [Math.tanh, (g, y, a) => [g / Math.cosh(a) ** 2]],
  sin: [Math.sin, (g, y, a) => [g * Math.cos(a)]],
  relu: [(a) => (a > 0 ? a : 0), (g, y, a) => [a > 0 ? g : 0]],
};

function gradients(graph, point) {
  const value = new Map();
  const grad = new Map();
  for (const node of graph.nodes) { // every node stands after its arguments
    grad.set(node.name, 0);
    if (node.inputs) value.set(node.name, OPS[node.op][0](...node.inputs.map((i) => value.get(i))));
    else value.set(node.name, "value" in node ? node.value : point[node.name]);
  }
  grad.set(graph.loss, 1);
  for (const node of graph.nodes.reverse()) {
    if (!node.inputs) continue;
    const back = OPS[node.op][1](grad.get(node.name), value.get(node.name), ...node.inputs.map((i) => value.get(i)));
    node.inputs.forEach((i, k) => grad.set(i, grad.get(i) + back[k]));
  }
  const wanted = graph.nodes.filter((node) => node.op === "parameter").map((node) => node.name);
  return { value: value.get(graph.loss), gradients: Object.fromEntries(wanted.map((name) => [name, grad.get(name)])) };
}

function reply(question) {
  if (question.do === "hello") {
    return { gradcheck: 1, name: "engine.js", ops: Object.keys(OPS), dtype: "float64", scalars: true };
  }
  try {
    return { id: question.id, ...gradients(question.graph, question.point) };
  } catch (wrong) {
    return { id: question.id, error: String(wrong) };
  }
}

// JSON has no NaN and no Infinity: they go as the texts "NaN", "Infinity" and "-Infinity".
const number = (key, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x);

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => process.stdout.write(JSON.stringify(reply(JSON.parse(line)), number) + "\n"));
