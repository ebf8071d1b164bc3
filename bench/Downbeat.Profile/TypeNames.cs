using System.Reflection;
using System.Runtime.Loader;

namespace Downbeat.Profile;

/// <summary>Types by the names that traces give them, like <c>System.Collections.Generic.List`1[System.Int32]</c>.</summary>
sealed class TypeNames
{
    /// <summary>What stands for any class: their methods are compiled once for all.</summary>
    const string AnyClass = "System.__Canon";

    readonly List<Assembly> assemblies = [typeof(object).Assembly];

    /// <summary>Looks into the assemblies of a folder, and those of the framework.</summary>
    public TypeNames(string folder)
    {
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            Path.Join(folder, $"{name.Name}.dll") is var file && File.Exists(file)
                ? context.LoadFromAssemblyPath(Path.GetFullPath(file))
                : null;
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        foreach (var file in Directory.GetFiles(folder, "*.dll").Concat(Directory.GetFiles(framework, "System.*.dll")))
        {
            try
            {
                assemblies.Add(Assembly.Load(AssemblyName.GetAssemblyName(file)));
            }
            catch (Exception error) when (error is BadImageFormatException or FileLoadException)
            {
                // A native library, or one that is there already.
            }
        }
    }

    /// <summary>Finds a type; null when there is none of this name, or none of these arguments.</summary>
    public Type? Find(string name)
    {
        var at = 0;
        return Read(name, ref at) is { } type && at == name.Length ? type : null;
    }

    /// <summary>All methods and constructors of a type that have a name and no type arguments of their own.</summary>
    public static List<MethodBase> MethodsOf(Type type, string name)
    {
        const BindingFlags All =
            BindingFlags.Public
            | BindingFlags.NonPublic
            | BindingFlags.Instance
            | BindingFlags.Static
            | BindingFlags.DeclaredOnly;
        return
        [
            .. type.GetMethods(All)
                .Cast<MethodBase>()
                .Concat(type.GetConstructors(All))
                .Where(method => method.Name == name && !method.IsGenericMethodDefinition && !method.IsAbstract),
        ];
    }

    Type? Read(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && text[at] is not ('[' or ']' or ','))
        {
            at++;
        }

        var name = text[start..at];
        var type =
            name == AnyClass
                ? typeof(object)
                : assemblies.Select(assembly => assembly.GetType(name)).FirstOrDefault(found => found is not null);
        while (at + 1 < text.Length && text[at] == '[')
        {
            at++;
            if (text[at] == ']')
            {
                type = type?.MakeArrayType();
            }
            else
            {
                type = ReadArguments(text, ref at) is { } arguments ? Instantiate(type, arguments) : null;
            }

            at++;
        }

        return type;
    }

    Type[]? ReadArguments(string text, ref int at)
    {
        var arguments = new List<Type?> { Read(text, ref at) };
        while (at < text.Length && text[at] == ',')
        {
            at++;
            arguments.Add(Read(text, ref at));
        }

        return arguments.Contains(null) ? null : [.. arguments!];
    }

    static Type? Instantiate(Type? type, Type[] arguments)
    {
        try
        {
            return type?.MakeGenericType(arguments);
        }
        catch (ArgumentException)
        {
            return null; // Not any class will do.
        }
    }
}
