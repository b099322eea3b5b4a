"""Value and gradient are methods; a node that is used twice keeps the last gradient.

# mistake: F19
# where: w
"""


class Node:
    __slots__ = ("_Node__number", "_Node__slope", "_Node__parents", "_Node__back")

    def __init__(self, number):
        self.__number, self.__slope, self.__parents, self.__back = float(number), 0.0, (), None

    def data(self):
        return self.__number

    def grad(self):
        return self.__slope

    def backward(self):
        order, seen = [], set()

        def walk(node):
            if node not in seen:
                seen.add(node)
                for parent in node.__parents:
                    walk(parent)
                order.append(node)

        walk(self)
        self.__slope = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.__parents, node.__back or ()):
                parent.__slope = slope * node.__slope

    @staticmethod
    def _made(number, parents, slopes):
        out = Node(number)
        out.__parents, out.__back = parents, slopes
        return out

    def __add__(self, other):
        other = other if isinstance(other, Node) else Node(other)
        return Node._made(self.__number + other.__number, (self, other), (1.0, 1.0))

    __radd__ = __add__

    def __mul__(self, other):
        other = other if isinstance(other, Node) else Node(other)
        return Node._made(self.__number * other.__number, (self, other), (other.__number, self.__number))

    __rmul__ = __mul__

    def relu(self):
        return Node._made(max(0.0, self.__number), (self,), (float(self.__number > 0),))
