"""touched.py FILE: how many of a file's 512-KiB chunks hold a page that is in the page cache.

Lambda loads an image lazily, in chunks of this size.
"""
import ctypes
import mmap
import os
import sys

CHUNK = 512 * 1024
PAGE = mmap.PAGESIZE
PROT_READ, MAP_SHARED = 1, 1

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


def resident_pages(path):
    size = os.path.getsize(path)
    file = os.open(path, os.O_RDONLY)
    # Python's own mmap hides the address.
    address = libc.mmap(None, size, PROT_READ, MAP_SHARED, file, 0)
    pages = ctypes.create_string_buffer((size + PAGE - 1) // PAGE)
    if libc.mincore(address, size, pages) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    return [index for index, page in enumerate(pages.raw) if page & 1]


print(len({page * PAGE // CHUNK for page in resident_pages(sys.argv[1])}))
