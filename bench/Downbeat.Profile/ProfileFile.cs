using System.Reflection;
using System.Reflection.Emit;

namespace Downbeat.Profile;

/// <summary>
/// A profile as the compiler of .NET reads it (<c>crossgen2 --mibc</c>): an assembly whose code does nothing but name methods, in
/// groups by the assemblies that they need.
/// </summary>
sealed class ProfileFile
{
    readonly PersistedAssemblyBuilder assembly = new(new("Profile"), typeof(object).Assembly);
    readonly ModuleBuilder module;
    readonly SortedDictionary<string, (MethodBuilder Method, ILGenerator Code)> groups = new(StringComparer.Ordinal);

    public ProfileFile()
    {
        module = assembly.DefineDynamicModule("Profile");
    }

    /// <summary>Adds methods of one type.</summary>
    public void Add(IEnumerable<MethodBase> methods)
    {
        foreach (var method in methods)
        {
            var code = Group(method.DeclaringType!).Code;
            if (method is ConstructorInfo constructor)
            {
                code.Emit(OpCodes.Ldtoken, module.GetMethodMetadataToken(constructor));
            }
            else
            {
                code.Emit(OpCodes.Ldtoken, (MethodInfo)method);
            }

            code.Emit(OpCodes.Pop);
        }
    }

    /// <summary>Writes the file; nothing can be added any more.</summary>
    public void Save(string file)
    {
        var (_, all) = Define("AssemblyDictionary");
        foreach (var (assemblies, (method, code)) in groups)
        {
            code.Emit(OpCodes.Ret);
            all.Emit(OpCodes.Ldstr, assemblies);
            all.Emit(OpCodes.Ldtoken, method);
            all.Emit(OpCodes.Pop);
        }

        all.Emit(OpCodes.Ret);
        module.CreateGlobalFunctions();
        assembly.Save(file);
    }

    (MethodBuilder Method, ILGenerator Code) Group(Type type)
    {
        // The type's own assembly first, and a semicolon behind each.
        var own = NameOf(type);
        var others = AssembliesOf(type)
            .Where(name => name != own)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        var assemblies = string.Concat(others.Prepend(own).Select(name => $"{name};"));
        return groups.TryGetValue(assemblies, out var group)
            ? group
            : groups[assemblies] = Define($"Group{groups.Count}");
    }

    (MethodBuilder Method, ILGenerator Code) Define(string name)
    {
        var method = module.DefineGlobalMethod(
            name,
            MethodAttributes.Public | MethodAttributes.Static,
            typeof(void),
            []
        );
        return (method, method.GetILGenerator());
    }

    static IEnumerable<string> AssembliesOf(Type type) =>
        type.HasElementType
            ? AssembliesOf(type.GetElementType()!)
            : type.GetGenericArguments().SelectMany(AssembliesOf).Prepend(NameOf(type));

    static string NameOf(Type type) => type.Assembly.GetName().Name!;
}
