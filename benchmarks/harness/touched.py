"""touched.py PATH...: how many 512-KiB chunks hold a page that is in the page cache, if all files lay one after the other.

Lambda loads an image lazily, in chunks of this size, in which small files lie side by side. A directory stands for all files under it.
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
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


def files(path):
    if not os.path.isdir(path):
        return [path]
    found = [os.path.join(directory, name) for directory, _, names in os.walk(path) for name in names]
    return sorted(file for file in found if os.path.isfile(file) and not os.path.islink(file) and os.path.getsize(file) > 0)


def pages_of(path):
    """A byte for each page, whose lowest bit says whether it is in the page cache."""
    size = os.path.getsize(path)
    file = os.open(path, os.O_RDONLY)
    # Python's own mmap hides the address.
    address = libc.mmap(None, size, PROT_READ, MAP_SHARED, file, 0)
    pages = ctypes.create_string_buffer((size + PAGE - 1) // PAGE)
    if libc.mincore(address, size, pages) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    libc.munmap(address, size)
    os.close(file)
    return pages.raw


touched, position = set(), 0
for path in sys.argv[1:]:
    for file in files(path):
        pages = pages_of(file)
        touched.update((position + index) * PAGE // CHUNK for index, page in enumerate(pages) if page & 1)
        position += len(pages)
print(len(touched))
