"""What holds for the whole suite."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile

from hypothesis import settings

# A suite started in the background of a shell inherits that Ctrl-C is ignored, and so would every process it starts:
# tests that interrupt one would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# tests and the processes they start note what is trusted in a state folder of their own
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="regenesis-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

# no test depends on how busy the machine is
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# a file of questions, and a finished run over it
pytest_plugins = ["tests.helpers.finished"]
