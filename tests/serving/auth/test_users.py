"""Passwords are checked by few threads, whoever asks."""

import threading

import psutil

from serving.auth import users


def test_passwords_fit_or_do_not_and_nobody_takes_as_long() -> None:
    kept = users._hasher().hash("a good password")
    assert users.verify_password("a good password", kept) == (True, None)
    assert users.verify_password("another password", kept) == (False, None)
    assert users.verify_password("a good password", None) == (False, None)


def test_many_callers_cost_the_memory_of_few() -> None:
    callers = 20
    users.verify_password("warm", None)
    before = psutil.Process().memory_info().rss
    # The callers stay, as the threads of a server do; each would keep 19 MB of its own.
    checked = threading.Barrier(callers + 1)

    def call() -> None:
        users.verify_password("wrong", None)
        checked.wait()

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    while checked.n_waiting < callers:
        threads[0].join(timeout=0.01)
    grown = psutil.Process().memory_info().rss - before
    checked.wait()
    for thread in threads:
        thread.join()
    assert grown < 4 * users.MEMORY_KIB * 1024
