"""The kernel called from compiled code where it stands, instead of compiled in once more."""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bayes_gmm.model.kernel import accumulate

_intrinsic: Any = intrinsic


@cache
def kernel_address() -> int:
    """Where the kernel that Python calls has its machine code."""
    floats = [types.Array(types.float64, n, "C") for n in (1, 2, 3)]
    order, tiles = (types.Array(types.int64, n, "C") for n in (1, 2))
    observed = types.Array(types.boolean, 2, "C")
    kinds = (
        floats[0], tiles, observed, floats[0], order,
        floats[0], floats[1], floats[2], floats[0], floats[0], floats[1],
    )  # fmt: skip
    kernel: Any = accumulate
    kernel.compile(kinds)
    compiled_kernel = kernel.overloads[kinds]
    name = compiled_kernel.fndesc.llvm_func_name
    return int(compiled_kernel.library.get_pointer_to_function(name))


@_intrinsic
def call_kernel(typing_context, address, arguments):
    """Call `accumulate` at its address, all its arguments in a tuple of C-ordered arrays."""

    def code(context, builder, signature, values):
        kinds, convention = tuple(signature.args[1]), context.call_conv
        function = convention.get_function_type(types.none, kinds).as_pointer()
        parts = [builder.extract_value(values[1], i) for i in range(len(kinds))]
        status, _ = convention.call_function(
            builder, builder.inttoptr(values[0], function), types.none, kinds, parts
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.none(address, arguments), code
