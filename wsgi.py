"""The application that gunicorn serves: the instance whose folder `KURA_FOLDER` names."""

import gc
import os
from pathlib import Path

from flask import Flask

from vault.cli.serving import keep_memory_private
from vault.config import load
from vault.services.instance import Instance
from vault.web.app import create_app


def application(folder: Path) -> Flask:
    """The application of the instance in `folder`; raises NotReady with what to do."""
    keep_memory_private()
    os.umask(0o077)
    instance = Instance(load(folder))
    instance.check()
    if instance.has_begun():
        instance.files.finish()
    made = create_app(instance)
    # Connections and locks do not cross the fork that follows; what stays is shared by all workers.
    instance.engine.dispose()
    instance.keyring.let_go()
    gc.freeze()
    return made


app = application(Path(os.environ["KURA_FOLDER"]))
