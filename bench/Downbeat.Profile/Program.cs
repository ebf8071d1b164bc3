using Downbeat.Profile;

// What ./package --profile does with the traces of commands: a profile of the methods that they compiled while they ran.
if (args is not [var assemblies, var traces, var output])
{
    Console.Error.WriteLine("Usage: Downbeat.Profile ASSEMBLIES TRACES OUTPUT (folder, folder, file)");
    return 2;
}

var files = Directory.GetFiles(traces, "*.nettrace");
var types = new TypeNames(assemblies);
var profile = new ProfileFile();
var (found, unknown) = (0, 0);
foreach (var (type, method) in CompiledMethods.In(files))
{
    var methods = types.Find(type) is { } known ? TypeNames.MethodsOf(known, method) : [];
    profile.Add(methods);
    found += methods.Count;
    unknown += methods.Count == 0 ? 1 : 0;
}

profile.Save(output);
Console.Error.WriteLine(
    $"{files.Length} traces name {found} methods that can be compiled beforehand, and {unknown} that cannot."
);
return found > 0 ? 0 : 1;
