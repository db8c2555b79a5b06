from hypothesis import given
from hypothesis import strategies as st
from zstandard import ZstdDecompressor

from hookline.core.compression import all_compressed, compressed


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_many_bodies_come_back_in_their_order(bodies: list[bytes]) -> None:
    assert [ZstdDecompressor().decompress(body) for body in all_compressed(bodies)] == bodies


def test_a_large_body_comes_back() -> None:
    bodies = [b"x" * 1_000_000, bytes(range(256)) * 4_000]
    assert [ZstdDecompressor().decompress(body) for body in all_compressed(bodies)] == bodies


def test_one_body_is_compressed_alone() -> None:
    assert all_compressed([b"hello"]) == [compressed(b"hello")]
