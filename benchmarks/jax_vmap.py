"""What a JAX user would write instead of this project: online training compiled, many models at once.

`vmap` over models, `lax.scan` over words and over tokens. Words are padded to the longest, and the padding is masked
out of state and loss; only real tokens are counted.
"""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from longcount import languages
from longcount.languages import Words

Weights = dict[str, jax.Array]
GATES = {"lstm": 4, "gru": 3, "relu": 1}


def lstm(x: jax.Array, y: jax.Array, state: jax.Array) -> jax.Array:
    """The next state (h, c) from the affine maps of input and hidden state [4] each."""
    i, f, g, o = x + y
    c = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jnp.stack([jax.nn.sigmoid(o) * jnp.tanh(c), c])


def gru(x: jax.Array, y: jax.Array, state: jax.Array) -> jax.Array:
    """The next state (h, unused)."""
    r, z = jax.nn.sigmoid(x[:2] + y[:2])
    n = jnp.tanh(x[2] + r * y[2])
    return jnp.stack([(state[0] - n) * z + n, state[1]])


def relu(x: jax.Array, y: jax.Array, state: jax.Array) -> jax.Array:
    """The next state (h, unused)."""
    return jnp.stack([jax.nn.relu(x[0] + y[0]), state[1]])


CELLS: dict[str, Callable[[jax.Array, jax.Array, jax.Array], jax.Array]] = {"lstm": lstm, "gru": gru, "relu": relu}


def initial_weights(cell: str, key: jax.Array) -> Weights:
    """One model's weights, uniform in (-1, 1)."""
    gates = GATES[cell]
    shapes = {
        "weight_ih": (gates, 2), "weight_hh": (gates,), "bias_ih": (gates,), "bias_hh": (gates,),
        "readout_weight": (2,), "readout_bias": (2,),
    }  # fmt: skip
    keys = jax.random.split(key, len(shapes))
    return {
        name: jax.random.uniform(key, shape, minval=-1, maxval=1)
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }


def word_loss(cell: str, weights: Weights, tokens: jax.Array, targets: jax.Array, real: jax.Array) -> jax.Array:
    """Mean squared error over the real tokens of one padded word: tokens [L], targets [L, 2], real [L]."""

    def step(state: jax.Array, token: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        letter, target, is_real = token
        x = weights["weight_ih"][:, letter] + weights["bias_ih"]
        y = weights["weight_hh"] * state[0] + weights["bias_hh"]
        state = jnp.where(is_real, CELLS[cell](x, y, state), state)
        output = jax.nn.sigmoid(weights["readout_weight"] * state[0] + weights["readout_bias"])
        return state, is_real * jnp.sum((output - target) ** 2)

    _, errors = jax.lax.scan(step, jnp.zeros(2), (tokens, targets, real))
    return jnp.sum(errors) / (2 * jnp.sum(real))


def epoch(cell: str, rate: float) -> Callable:
    """A compiled pass over padded words with an Adam update after each, for models stacked along the first axis."""
    gradient = jax.vmap(jax.grad(lambda weights, word: word_loss(cell, weights, *word)), in_axes=(0, None))

    def update(carry: tuple, word: tuple[jax.Array, ...]) -> tuple[tuple, None]:
        weights, first, second, number = carry
        number = number + 1
        slope = gradient(weights, word)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)

        def stepped(w: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
            return w - rate * (m / (1 - 0.9**number)) / (jnp.sqrt(v / (1 - 0.999**number)) + 1e-8)

        return (jax.tree.map(stepped, weights, first, second), first, second, number), None

    return jax.jit(lambda carry, words: jax.lax.scan(update, carry, words)[0])


def padded(words: Words) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Tokens int32 [N, L], targets float32 [N, L, 2] and real float32 [N, L] (1 where a token is not padding)."""
    longest = int(words.lengths.max())
    columns = np.arange(longest)
    real = columns < words.lengths[:, None]
    places = np.where(real, words.offsets[:-1, None] + columns, 0)
    targets = languages.get("dyck1").targets(words).astype(np.float32)
    return (
        jnp.asarray(words.tokens[places].astype(np.int32)),
        jnp.asarray(targets[places]),
        jnp.asarray(real.astype(np.float32)),
    )


def nanoseconds_per_token(cell: str, words: Words, models: int, rate: float = 0.01) -> float:
    """Time of one pass over the words by token and model, on every core that JAX takes; compiling is not counted."""
    keys = jax.random.split(jax.random.PRNGKey(0), models)
    weights = jax.vmap(lambda key: initial_weights(cell, key))(keys)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    batch = padded(words)
    run = epoch(cell, rate)
    start_state = (weights, zeros, zeros, jnp.float32(0))
    jax.block_until_ready(run(start_state, batch))
    start = time.perf_counter()
    jax.block_until_ready(run(start_state, batch))
    return (time.perf_counter() - start) * 1e9 / (len(words.tokens) * models)
