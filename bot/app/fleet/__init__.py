"""Many workers on one PostgreSQL: procrastinate hands out jobs, and each worker does what a job is about.

    collect -> compose, for each shard of the subscribers -> deliver, for each -> publish

The only package that imports procrastinate. `jobs` is what each job does, `queue` what procrastinate knows of them,
`worker` the process that takes them in place of the daemon's rounds. Jobs and their table are in `bot.store.jobs`.
"""
