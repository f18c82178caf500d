"""Names that code may use without importing or defining them, by language."""

from __future__ import annotations

from localdev.rules.words import words

# Source: https://go.dev/ref/spec#Predeclared_identifiers.
_GO = words("""
    any append bool byte cap clear close comparable complex complex128 complex64 copy delete error false
    float32 float64 imag int int16 int32 int64 int8 iota len make max min new nil panic print println real
    recover rune string true uint uint16 uint32 uint64 uint8 uintptr
    """)
# Source: https://doc.rust-lang.org/std/prelude/ and the macros of std.
_RUST = words("""
    AsMut AsRef Box Clone Copy Debug Default DoubleEndedIterator Drop Eq Err ExactSizeIterator Extend Fn FnMut
    FnOnce From FromIterator Hash Into IntoIterator Iterator None Ok Option Ord PartialEq PartialOrd Result
    Self Send Sized Some String Sync ToOwned ToString TryFrom TryInto Unpin Vec allow assert assert_eq
    assert_ne bool cfg char column compile_error concat crate dbg debug_assert debug_assert_eq debug_assert_ne
    derive drop env eprint eprintln f32 f64 file format i128 i16 i32 i64 i8 include_bytes include_str inline
    isize line matches module_path must_use option_env panic print println self str stringify super test
    thread_local todo u128 u16 u32 u64 u8 unimplemented unreachable usize vec write writeln
    """)
# Source: the package java.lang of Java 21.
_JAVA = words("""
    Appendable ArithmeticException ArrayIndexOutOfBoundsException AssertionError AutoCloseable Boolean Byte
    CharSequence Character Class ClassCastException ClassLoader ClassNotFoundException
    CloneNotSupportedException Cloneable Comparable Deprecated Double Enum Error Exception Float
    FunctionalInterface IllegalArgumentException IllegalStateException IndexOutOfBoundsException Integer
    InterruptedException Iterable LinkageError Long Math Module NoSuchFieldException NoSuchMethodException
    NullPointerException Number NumberFormatException Object OutOfMemoryError Override Package Process
    ProcessBuilder Readable Record ReflectiveOperationException Runnable Runtime RuntimeException SafeVarargs
    SecurityException Short StackOverflowError StackTraceElement StrictMath String StringBuffer StringBuilder
    StringIndexOutOfBoundsException SuppressWarnings System Thread ThreadGroup ThreadLocal Throwable
    UnsupportedOperationException Void var
    """)
# Source: https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects, and common globals.
_SCRIPT = words("""
    AbortController AbortSignal AggregateError Array ArrayBuffer ArrayLike AsyncIterable Atomics Awaited
    BigInt Blob Boolean Buffer CustomEvent DataView Date Element Error EvalError Event EventTarget Exclude
    Extract File Float32Array Float64Array FormData Function Generator HTMLElement Headers Infinity
    InstanceType Int16Array Int32Array Int8Array Intl Iterable Iterator JSON JSX Map Math NaN Node NonNullable
    Number Object Omit Parameters Partial Pick Promise PromiseLike Proxy RangeError Readonly ReadonlyArray
    Record ReferenceError Reflect RegExp Request Required Response ReturnType Set SharedArrayBuffer String
    Symbol SyntaxError TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint16Array Uint32Array
    Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebSocket Worker XMLHttpRequest __dirname __filename
    afterAll afterEach alert any atob beforeAll beforeEach bigint boolean btoa cancelAnimationFrame
    clearImmediate clearInterval clearTimeout confirm console crypto decodeURI decodeURIComponent describe
    document encodeURI encodeURIComponent escape eval expect exports fetch global globalThis import isFinite
    isNaN it jest localStorage module navigator never null number object parseFloat parseInt performance
    process prompt queueMicrotask requestAnimationFrame require sessionStorage setImmediate setInterval
    setTimeout string structuredClone super symbol test this undefined unescape unknown vi void window
    """)

# By the name of the language, as `source.languages` has it; others bring in names that syntax does not show.
OWN_NAMES: dict[str, frozenset[str]] = {
    "go": _GO,
    "rust": _RUST,
    "java": _JAVA,
    **dict.fromkeys(("javascript", "jsx", "typescript", "tsx"), _SCRIPT),
}
