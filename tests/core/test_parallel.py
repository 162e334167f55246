"""Jobs on all cores: each once, in the order given as far as starting goes, and stoppable."""

import threading

import pytest

from manylabel.core.parallel import run_jobs


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_every_job_is_done_once(threads, count):
    done = list(run_jobs(lambda job: job * job, range(count), threads=threads))
    assert sorted(done) == [(job, job * job) for job in range(count)]


@pytest.mark.parametrize("threads", [1, 3])
def test_jobs_start_in_the_order_given(threads):
    started, lock = [], threading.Lock()

    def work(job):
        with lock:
            started.append(job)

    list(run_jobs(work, range(100), threads=threads))
    assert all(abs(job - place) < threads for place, job in enumerate(started))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_starts_no_further_jobs(threads, error):
    started = []

    def work(job):
        started.append(job)
        if job == 3:
            raise error("job 3")
        return job

    with pytest.raises(error, match="job 3"):
        list(run_jobs(work, range(100), threads=threads))
    assert len(started) < 20


def test_a_consumer_that_stops_ends_the_jobs():
    running = threading.active_count()
    started = []
    results = run_jobs(started.append, range(100), threads=2)
    next(results)
    results.close()
    assert len(started) < 20
    assert threading.active_count() == running


def test_jobs_really_run_at_once():
    together = threading.Barrier(2, timeout=60)
    assert len(list(run_jobs(lambda job: together.wait(), range(2), threads=2))) == 2
