/* A small engine of backpropagation that speaks gradcheck's line protocol: cc -O2 engine.c -o engine -lm */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *name, *op;
    int in[2], inputs;
    double value, grad;
} Node;

static Node *nodes;
static int count, room;

/* The text between the quotes at *p, which moves behind them. Escapes stay as they are: names are only compared. */
static char *text(char **p) {
    char *start = ++*p;
    while (**p != '"') *p += **p == '\\' ? 2 : 1;
    *(*p)++ = 0;
    return start;
}

static int find(const char *name) {
    for (int i = count - 1; i >= 0; i--)
        if (!strcmp(nodes[i].name, name)) return i;
    fprintf(stderr, "there is no node %s\n", name);
    exit(1);
}

static void put(double x) { printf(isfinite(x) ? "%.17g" : "\"%g\"", x); }

static void read_nodes(char *p) { /* at the first node; every node stands after its arguments */
    for (count = 0; *p == '{'; p += *p == ',') {
        Node node = {0};
        do {
            p++;
            char *key = text(&p);
            p++; /* the colon */
            if (!strcmp(key, "name")) node.name = text(&p);
            else if (!strcmp(key, "op")) node.op = text(&p);
            else if (!strcmp(key, "value")) node.value = strtod(p, &p);
            else { /* inputs */
                do {
                    p++;
                    node.in[node.inputs++] = find(text(&p));
                } while (*p == ',');
                p++;
            }
        } while (*p == ',');
        p++;
        if (count == room) nodes = realloc(nodes, (room = 2 * room + 64) * sizeof *nodes);
        nodes[count++] = node;
    }
}

static int is(const Node *node, const char *op) { return !strcmp(node->op, op); }

static void forward(Node *n, double a, double b) {
    if (is(n, "add")) n->value = a + b;
    else if (is(n, "sub")) n->value = a - b;
    else if (is(n, "mul")) n->value = a * b;
    else if (is(n, "div")) n->value = a / b;
    else if (is(n, "neg")) n->value = -a;
    else if (is(n, "exp")) n->value = exp(a);
    else if (is(n, "tanh")) n->value = tanh(a);
    else if (is(n, "sin")) n->value = sin(a);
    else if (is(n, "relu")) n->value = a > 0 ? a : 0;
}

static void backward(const Node *n, double a, double b, double *to_a, double *to_b) {
    double g = n->grad;
    if (is(n, "add")) *to_a += g, *to_b += g;
    else if (is(n, "sub")) *to_a += g, *to_b -= g;
    else if (is(n, "mul")) *to_a += g * b, *to_b += g * a;
    else if (is(n, "div")) *to_a += g / b, *to_b -= g * a / (b * b);
    else if (is(n, "neg")) *to_a -= g;
    else if (is(n, "exp")) *to_a += g * n->value;
    else if (is(n, "tanh")) *to_a += g / (cosh(a) * cosh(a));
    else if (is(n, "sin")) *to_a += g * cos(a);
    else if (is(n, "relu")) *to_a += a > 0 ? g : 0;
}

static void answer(char *line) {
    long id = strtol(strstr(line, "\"id\":") + 5, NULL, 10);
    char *point = strstr(line, "\"point\":{") + 9, *loss = strstr(line, "\"loss\":") + 7;
    read_nodes(strstr(line, "\"nodes\":[") + 9);
    while (*point == '"') {
        Node *leaf = &nodes[find(text(&point))];
        leaf->value = strtod(point + 1, &point);
        point += *point == ',';
    }
    for (Node *n = nodes; n < nodes + count; n++)
        if (n->inputs) forward(n, nodes[n->in[0]].value, nodes[n->in[n->inputs - 1]].value);
    Node *last = &nodes[find(text(&loss))];
    last->grad = 1;
    for (Node *n = nodes + count - 1; n >= nodes; n--)
        if (n->inputs) {
            Node *a = &nodes[n->in[0]], *b = &nodes[n->in[n->inputs - 1]];
            backward(n, a->value, b->value, &a->grad, &b->grad);
        }
    printf("{\"id\":%ld,\"value\":", id);
    put(last->value);
    printf(",\"gradients\":{");
    const char *comma = "";
    for (Node *n = nodes; n < nodes + count; n++)
        if (is(n, "parameter")) {
            printf("%s\"%s\":", comma, n->name);
            put(n->grad);
            comma = ",";
        }
    printf("}}\n");
}

int main(void) {
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        if (!strncmp(line, "{\"do\":\"hello\"", 13))
            printf("{\"gradcheck\":1,\"name\":\"engine.c\",\"dtype\":\"float64\",\"scalars\":true,\"ops\":"
                   "[\"add\",\"sub\",\"mul\",\"div\",\"neg\",\"exp\",\"tanh\",\"sin\",\"relu\"]}\n");
        else
            answer(line);
        fflush(stdout); /* or gradcheck waits in vain */
    }
    return 0;
}
