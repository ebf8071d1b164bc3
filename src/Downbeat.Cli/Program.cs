return Downbeat.Cli.CommandLine.Run(args);
