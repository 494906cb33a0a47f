"""`python -m jauap`: the command line, as `jauap`."""

from jauap.cli.main import app

if __name__ == "__main__":
    app(prog_name="jauap")
