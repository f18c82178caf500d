"""Names that a language or its first library has itself, so that a use of one says nothing about the repository."""

from __future__ import annotations

import builtins
from functools import cache

_PYTHON_TYPES = (str, bytes, list, dict, set, tuple, int, float, type, BaseException)
# Methods of files, paths, logs, locks, threads and the like, which Python's own types above do not have.
_PYTHON_MORE = "close read write open flush run start stop join send put acquire release info debug warning error main"

_WORDS = {
    "script": """
        Array Boolean Date Error Function JSON Map Math Number Object Promise Proxy Reflect RegExp Set String Symbol URL
        WeakMap WeakSet TypeError RangeError Record Partial Required Readonly Pick Omit Exclude Extract ReturnType
        any unknown never string number boolean object symbol bigint void undefined null
        add all apply assign at bind bold call catch charAt clear concat create define delete describe emit end entries
        error every exec exit expect fill filter finally find findIndex flat flatMap forEach format freeze from get has
        hasOwnProperty includes indexOf info isArray it join key keys lastIndexOf length link log map match message name
        next now of off on once open parse pipe pop push race read reduce reject remove replace require resolve return
        reverse round send set shift size slice some sort splice split start stop stringify sub substring test then
        throw toJSON toString toLowerCase toUpperCase trim type unshift update url value valueOf values warn write
    """,
    "go": """
        any append bool byte cap clear close complex complex64 complex128 copy delete error false float32 float64 imag
        int int8 int16 int32 int64 len make max min new nil panic print println real recover rune string true uint uint8
        uint16 uint32 uint64 uintptr
        Add Close Error Errorf Fatal Fatalf Flush Format Get Len Less Lock Log Name New Open Print Printf Println Put
        Read Reset Run Set Sprintf String Swap Unlock Unwrap Wait Write
    """,
    "rust": """
        Some None Ok Err Self Option Result String Vec Box Rc Arc Cell RefCell HashMap HashSet BTreeMap Path PathBuf
        Debug Clone Copy Default Display Eq Error From FromStr Hash Into Iterator Ord PartialEq PartialOrd Send Sync
        Drop Deref Fn FnMut FnOnce AsRef ToString TryFrom TryInto Read Write Add Sub Mul Not Index Borrow Cow Ordering
        all and any as_bytes as_mut as_ref as_str bool build bytes char chars clear clone cloned cmp collect contains
        count default deref drain drop ends_with entry eq err expect extend f32 f64 filter filter_map find first flush
        fmt fold format from from_str get get_mut hash i8 i16 i32 i64 insert into into_iter is_empty is_err is_none
        is_ok is_some iter iter_mut join keys last len lines map map_err max min new next ok or or_else panic parse peek
        pop position print println push push_str read remove replace rev row skip sort split starts_with str sum swap
        take to_owned to_string to_vec trim u8 u16 u32 u64 unwrap unwrap_or usize isize values vec with_capacity write
        writeln zip assert assert_eq matches
    """,
    "c": """
        abort assert at back begin bool calloc c_str clear close compare copy count data emplace emplace_back empty end
        erase exit fclose find fopen fprintf free front get insert length make_pair make_shared make_unique malloc map
        max memcmp memcpy memset min move open pair pop pop_back printf push push_back read realloc release reset resize
        size size_t snprintf sort strcmp string strlen substr swap tie to_string unique_ptr vector write
    """,
    "java": """
        Boolean Class Collection Date Exception Integer Iterator List Long Map Object Override Set String System Thread
        Throwable add append clear close compareTo contains containsKey equals execute filter find forEach format get
        getClass getMessage getName hashCode isEmpty iterator join length map name next of print printf println put read
        remove run set size sort start stop stream toArray toString trim valueOf values write
    """,
    "c_sharp": """
        Action Boolean Convert DateTime Dictionary Exception Func Guid IEnumerable Int32 List Math Object String Task
        Tuple Type Add Any Append Clear Close Contains ContainsKey Count Dispose Equals Execute First FirstOrDefault
        Format Get GetHashCode GetType Invoke IsNullOrEmpty Item Join Length Name Next Open Parse Read Remove Replace
        Run Select Set Single Split Start Substring ToArray ToList ToString Trim TryGetValue Value Where Write WriteLine
    """,
    "ruby": """
        Array Class Comparable Dir Enumerable Exception File Hash IO Integer Kernel Module Object Proc String Struct
        Symbol Time URI add all? any? attr_accessor attr_reader attr_writer call clear class close collect compact
        concat count default delete dup each each_with_index empty? end_with? extend fetch find first flatten format
        freeze gsub include include? inject inspect is_a? join key? keys lambda last length loop map match merge name
        new nil? open pop print private proc protected public push puts raise read reject replace require respond_to?
        reverse select send set shift size sort split start_with? strip sub tap test to_a to_h to_i to_s to_sym update
        uniq upcase values write yield zip
    """,
    "php": """
        Closure Countable DateTime Exception Iterator Throwable add array array_filter array_key_exists array_keys
        array_map array_merge call close count current empty end exec explode get get_class implode in_array isset
        is_array is_string key list max min next read reset set sprintf sort strlen strpos substr trim unset valid write
        __construct __toString __invoke
    """,
    "lua": """
        assert concat error find format gsub insert ipairs match next pairs print remove require sort sub tostring type
    """,
    "bash": "cd echo eval exec exit export kill printf read return set shift source test trap wait",
}
# Kotlin, Scala and Swift name things much as Java does.
_LIKE = {"kotlin": "java", "scala": "java", "swift": "java"}


@cache
def own_words(family: str) -> frozenset[str]:
    """Give the names that say nothing in a family of languages (see `links.family`)."""
    if family == "python":
        methods = (name for kind in _PYTHON_TYPES for name in dir(kind))
        return frozenset({*dir(builtins), *methods, *_PYTHON_MORE.split()})
    return frozenset(_WORDS.get(_LIKE.get(family, family), "").split())
