"""At most so many a second on average, and so many at once."""

import time


class TokenBucket:
    def __init__(self, per_second, at_once):
        self.per_second = per_second
        self.at_once = at_once
        self.tokens = at_once
        self.then = time.monotonic()

    def take(self):
        now = time.monotonic()
        self.tokens = min(self.at_once, self.tokens + (now - self.then) * self.per_second)
        self.then = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
