"""Calls of compiled functions by address, instead of compiling them into each caller.

numba copies the code of called functions into each caller and optimises it again there. Long
functions with several callers are therefore called by the address of their machine code.
"""

from __future__ import annotations

from typing import Any

from numba import typeof, types
from numba.core import cgutils
from numba.extending import intrinsic

_intrinsic: Any = intrinsic


def address_of(function: Any, *examples: Any) -> int:
    """Address of the machine code of a compiled function for these argument types.

    Parameters
    ----------
    function : compiled function
        A function without return value.
    *examples
        Arguments of the right types; their values are not used.
    """
    kinds = compile_for(function, *examples)
    machine_code = function.overloads[kinds]
    name = machine_code.fndesc.llvm_func_name
    return int(machine_code.library.get_pointer_to_function(name))


def compile_for(function: Any, *examples: Any) -> tuple[Any, ...]:
    """Compile a function for the types of these arguments, which are returned."""
    kinds = tuple(typeof(example) for example in examples)
    function.compile(kinds)
    return kinds


@_intrinsic
def call(typing_context, address, arguments):
    """Call the function at an address with a tuple of arguments of exactly its types."""

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
