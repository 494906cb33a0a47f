"""The command line without a broker or a database: fakes of the interfaces that it uses."""
