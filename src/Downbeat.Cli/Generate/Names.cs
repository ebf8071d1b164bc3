namespace Downbeat.Cli.Generate;

/// <summary>
/// Invented names of people, artists, albums and tracks. Mostly plain; now and then with what real names have too:
/// commas, quotes, other scripts, digits only, a leading <c>=</c> that a spreadsheet would take for a formula.
/// </summary>
static class Names
{
    /// <summary>The most heard ones first.</summary>
    static readonly string[] Genres =
    [
        "pop", "hip-hop", "rock", "latin", "dance", "r-n-b", "indie", "country", "electronic", "k-pop", "metal",
        "reggaeton", "house", "soul", "folk", "jazz", "classical", "punk", "funk", "blues", "alternative", "afrobeat",
        "techno", "trap", "ambient", "bollywood", "singer-songwriter", "drum-and-bass", "disco", "j-pop", "reggae",
        "sertanejo", "mpb", "samba", "acoustic", "lo-fi", "gospel", "synth-pop", "hard-rock", "indie-pop", "edm",
        "grime", "amapiano", "chill", "soundtrack", "salsa", "trance", "dancehall", "deep-house", "bluegrass",
        "corridos", "cumbia", "turkish-pop", "french-chanson", "mandopop", "cantopop", "schlager", "flamenco", "fado",
        "tango", "bossa-nova", "forró", "pagode", "bachata", "merengue", "vallenato", "highlife", "kwaito", "soukous",
        "raï", "qawwali", "bhangra", "city-pop", "enka", "anime", "video-game", "show-tunes", "opera", "choral",
        "baroque", "minimalism", "piano", "sleep", "meditation", "children", "comedy", "spoken-word", "swing",
        "big-band", "bebop", "fusion", "ska", "dub", "trip-hop", "downtempo", "breakbeat", "garage", "dubstep",
        "hardstyle", "industrial", "goth", "shoegaze", "post-rock", "emo", "grunge", "surf", "rockabilly",
        "honky-tonk", "americana", "celtic", "polka", "death-metal", "doom", "noise",
    ];

    static readonly string[] GenreKinds =
        ["", "neo-", "psychedelic-", "nordic-", "southern-", "dark-", "future-", "vintage-", "desert-"];

    /// <summary>Where most users are first.</summary>
    public static readonly string[] Countries =
    [
        "United States", "Brazil", "India", "Mexico", "United Kingdom", "Germany", "Philippines", "France",
        "Indonesia", "Spain", "Italy", "Canada", "Türkiye", "Argentina", "Australia", "Colombia", "Poland", "Japan",
        "Netherlands", "Chile", "Sweden", "Peru", "South Korea", "Nigeria", "South Africa", "Egypt", "Thailand",
        "Viet Nam", "Malaysia", "Portugal", "Belgium", "Norway", "Denmark", "Ireland", "Switzerland", "Austria",
        "Kenya", "New Zealand", "Greece", "Côte d'Ivoire", "Iceland", "Curaçao",
    ];

    public static readonly string[] First =
    [
        "Ada", "Aiko", "Aisha", "Alma", "Amir", "Anders", "Anna", "Ari", "Ben", "Bilal", "Birgit", "Bruno", "Carla",
        "Cem", "Chidi", "Chloé", "Dana", "Diego", "Eda", "Elena", "Eli", "Emeka", "Emma", "Enzo", "Esra", "Farah",
        "Felix", "Fiona", "Gabriel", "Gita", "Grace", "Hana", "Hugo", "Ida", "Ines", "Iris", "Ivan", "Jada", "Jakub",
        "João", "Jonas", "Josefa", "Jun", "Karim", "Kira", "Kofi", "Lars", "Leila", "Leo", "Lin", "Lucía", "Mae",
        "Maja", "Malik", "Marta", "Mateo", "Mei", "Milan", "Mira", "Nadia", "Naoki", "Nia", "Noor", "Olga", "Omar",
        "Oskar", "Paula", "Pia", "Priya", "Quinn", "Rafael", "Ravi", "Rosa", "Ruth", "Sami", "Sara", "Selin", "Sofía",
        "Søren", "Tara", "Theo", "Tomás", "Uma", "Vera", "Wanda", "Xenia", "Yara", "Yusuf", "Zoë", "Zuri",
    ];

    public static readonly string[] Last =
    [
        "Abara", "Acosta", "Adler", "Aksoy", "Almeida", "Amato", "Bakker", "Barros", "Becker", "Bello", "Berg",
        "Blum", "Brandt", "Cano", "Castro", "Chen", "Cole", "Cruz", "Dahl", "Demir", "Diallo", "Duarte", "Dubois",
        "Eide", "Ekström", "Farkas", "Ferrari", "Fischer", "Flores", "Fontaine", "Garcia", "Goldberg", "Greene",
        "Gupta", "Haas", "Haddad", "Hansen", "Hayashi", "Herrera", "Holm", "Horvat", "Ibarra", "Ito", "Ivanova",
        "Jansen", "Jovanović", "Kaya", "Keller", "Khan", "Kim", "Kovács", "Kowalski", "Laurent", "Lehmann", "Lima",
        "Lopes", "Lund", "Marek", "Mbeki", "Mendoza", "Meyer", "Moreau", "Mori", "Murphy", "Müller", "Nakamura",
        "Nazari", "Nguyen", "Novak", "Núñez", "O'Brien", "O'Neill", "Okafor", "Olsen", "Ortiz", "Osei", "Park",
        "Patel", "Pereira", "Petrov", "Quiroga", "Ramos", "Rao", "Reyes", "Ricci", "Rossi", "Sato", "Schmidt",
        "Silva", "Singh", "Solberg", "Suzuki", "Tanaka", "Torres", "Usman", "Vargas", "Varga", "Vidal", "Wagner",
        "Walsh", "Weber", "Wójcik", "Yamada", "Yıldız", "Zhang", "Zielińska",
    ];

    static readonly string[] Adjectives =
    [
        "Amber", "Ancient", "Blue", "Borrowed", "Broken", "Burning", "Careful", "Cheap", "Cold", "Crooked", "Distant",
        "Electric", "Empty", "Endless", "Faded", "False", "Foreign", "Fragile", "Frozen", "Gentle", "Golden", "Green",
        "Half", "Hidden", "Hollow", "Holy", "Idle", "Last", "Late", "Little", "Lonesome", "Loud", "Lunar", "Midnight",
        "Missing", "Modern", "Neon", "Nervous", "New", "Nocturnal", "Old", "Open", "Other", "Pale", "Paper",
        "Perfect", "Plastic", "Polite", "Quiet", "Red", "Restless", "Royal", "Rusty", "Sacred", "Salt", "Second",
        "Secret", "Silent", "Silver", "Sleeping", "Slow", "Small", "Soft", "Southern", "Spare", "Strange", "Sudden",
        "Summer", "Tender", "Thirsty", "Tiny", "Uneven", "Velvet", "Violet", "Wandering", "Warm", "White", "Wild",
        "Winter", "Wooden", "Yellow", "Young",
    ];

    static readonly string[] Nouns =
    [
        "Airport", "Anchor", "Angel", "Archive", "Avenue", "Balcony", "Bell", "Bicycle", "Bird", "Border", "Bridge",
        "Camera", "Candle", "Carnival", "Cathedral", "Ceiling", "Cinema", "City", "Cloud", "Coast", "Comet", "Crow",
        "Dancer", "Desert", "Diamond", "Door", "Dream", "Driver", "Echo", "Elevator", "Engine", "Falcon", "Feather",
        "Ferry", "Field", "Fire", "Flower", "Forest", "Fountain", "Garden", "Ghost", "Giant", "Harbour", "Heart",
        "Highway", "Horizon", "Horse", "Hotel", "Island", "Kitchen", "Ladder", "Lantern", "Letter", "Lighthouse",
        "Lion", "Machine", "Market", "Mirror", "Moon", "Motel", "Mountain", "Museum", "Neighbour", "Ocean", "Orchard",
        "Palace", "Parade", "Photograph", "Pilot", "Piano", "Planet", "Postcard", "Radio", "Rain", "River", "Road",
        "Robot", "Rocket", "Room", "Satellite", "Season", "Shadow", "Signal", "Sister", "Sky", "Snow", "Spark",
        "Station", "Stranger", "Sun", "Swimmer", "Teacher", "Telephone", "Theatre", "Thunder", "Tiger", "Tower",
        "Train", "Umbrella", "Valley", "Voice", "Wave", "Weather", "Window", "Wolf", "Year",
    ];

    static readonly string[] Verbs =
    [
        "Bury", "Call", "Carry", "Catch", "Chase", "Count", "Cross", "Draw", "Feed", "Find", "Fix", "Follow",
        "Forget", "Hold", "Keep", "Leave", "Lose", "Love", "Mind", "Miss", "Move", "Need", "Paint", "Promise", "Read",
        "Save", "Sell", "Steal", "Teach", "Trust", "Wake", "Want",
    ];

    static readonly string[] Places =
    [
        "Atlantis", "Bahía", "Berlin", "Bogotá", "Cairo", "Dakar", "Detroit", "Düsseldorf", "Glasgow", "Havana",
        "Istanbul", "Kyoto", "Lagos", "Lisbon", "Malmö", "Manila", "Marseille", "Memphis", "Montréal", "Nairobi",
        "Odesa", "Oslo", "Palermo", "Reykjavík", "São Paulo", "Seoul", "Tbilisi", "Tucson", "Valparaíso", "Zürich",
    ];

    static readonly string[] Syllables =
    [
        "al", "an", "ba", "bel", "da", "dor", "el", "fa", "ga", "hin", "ka", "kor", "la", "lin", "lo", "lu", "ma",
        "mi", "mo", "na", "nor", "o", "pa", "ra", "ri", "ro", "sa", "sol", "ta", "ti", "va", "vel", "vi", "xo", "ya",
        "zen",
    ];

    static readonly string[] ArtistsOfOtherScripts =
    [
        "青い電車", "夜の庭", "ミドリ公園", "고래와 나", "밤의 도시", "Тихий Город", "Снег и Соль", "Οι Φάροι", "فرقة القمر", "काला चाँद",
        "ลมหนาว", "月光旅社", "Hljóð og Ljós", "Ðökk Nótt", "Çınar Altı", "Łódź Nocą", "Bläckfågel", "Les Étés Immobiles",
        "Ñandú Eléctrico", "תחנה אחרונה",
    ];

    static readonly string[] TitlesOfOtherScripts =
    [
        "夏の終わり", "雨のち晴れ", "さよならの駅", "봄날의 편지", "기다려", "Последний трамвай", "Белая ночь", "Το τελευταίο φως",
        "ليلة بعيدة", "दूर का घर", "คิดถึง", "回家的路", "Corazón de papel", "Não Vá Embora", "Où vas-tu ?",
        "Schöne Grüße", "Gözlerin Çok Uzak", "Żółty parasol", "Så långt härifrån", "Het Laatste Café", "Дождь 🌧",
        "♥ ♥ ♥",
    ];

    static readonly string[] OddTitles =
    [
        "=", "=1+1", "=SUM(us)", "+1", "-", "@home", "1979", "007", "24/7", "99", "100%", "#1", "N/A", "null", "\"\"",
        "\"Heroes\" of Nothing", "...", "Hello, Goodbye, Hello", "Yes, No, Maybe", "She Said \"Stay\"", "7,000,000",
        "I / O", "What?!", "'Til Sunday",
    ];

    /// <summary>The name of a genre, from 0. Past the list come kinds of its genres.</summary>
    public static string Genre(int index) => GenreKinds[index / Genres.Length] + Genres[index % Genres.Length];

    public static string Artist(ref SplitMix random) => random.Below(100) switch
    {
        < 34 => $"{random.Pick(First)} {random.Pick(Last)}",
        < 48 => $"The {random.Pick(Adjectives)} {Plural(random.Pick(Nouns))}",
        < 60 => $"{random.Pick(Adjectives)} {random.Pick(Nouns)}",
        < 70 => Invented(ref random),
        < 76 => random.Pick(Nouns) + " " + random.Pick(Nouns),
        < 81 => $"{random.Pick(["DJ", "MC", "Lil", "Big", "Young", "Miss"])} {Invented(ref random)}",
        < 85 => $"{random.Pick(First)} & the {Plural(random.Pick(Nouns))}",
        < 88 => $"{random.Pick(Nouns)}, {random.Pick(Nouns)} & {random.Pick(Nouns)}",
        < 91 => $"{random.Pick(First)}, the {random.Pick(Nouns)}",
        < 93 => $"{random.Pick(First)} \"{random.Pick(Adjectives)}\" {random.Pick(Last)}",
        < 95 => $"{random.Pick(Places)} {random.Pick(["Quartet", "Philharmonic", "Brass Band", "Allstars"])}",
        < 96 => Invented(ref random).ToUpperInvariant() + "$",
        < 97 => $"={Invented(ref random)}=",
        _ => random.Pick(ArtistsOfOtherScripts),
    };

    public static string Album(ref SplitMix random) => random.Below(100) switch
    {
        < 40 => Title(ref random),
        < 55 => $"{Plural(random.Pick(Nouns))} & {Plural(random.Pick(Nouns))}",
        < 65 => $"{Title(ref random)} (Deluxe Edition)",
        < 72 => $"{random.Pick(Adjectives)} {Plural(random.Pick(Nouns))}, Vol. {1 + random.Below(9)}",
        < 78 => $"Live in {random.Pick(Places)}, {1965 + random.Below(60)}",
        < 83 => $"Songs from \"The {random.Pick(Adjectives)} {random.Pick(Nouns)}\"",
        < 90 => $"{random.Pick(Nouns)} EP",
        _ => $"{1970 + random.Below(55)}",
    };

    public static string Title(ref SplitMix random) => random.Below(100) switch
    {
        < 18 => $"{random.Pick(Adjectives)} {random.Pick(Nouns)}",
        < 28 => random.Pick(Nouns),
        < 37 => $"{random.Pick(Nouns)} of {random.Pick(Places)}",
        < 46 => $"{random.Pick(Verbs)} the {random.Pick(Nouns)}",
        < 53 => $"Don't {random.Pick(Verbs)} My {random.Pick(Nouns)}",
        < 60 => $"{random.Pick(Nouns)} in the {random.Pick(Nouns)}",
        < 66 => $"{random.Pick(Adjectives)} {Plural(random.Pick(Nouns))}",
        < 72 => $"{random.Pick(Verbs)} Me",
        < 77 => $"{random.Pick(Places)} by {random.Pick(["Night", "Train", "Heart", "Mistake", "the Sea"])}",
        < 82 => $"{random.Pick(Verbs)}, {random.Pick(Verbs)}, {random.Pick(Verbs)}",
        < 86 => $"If You {random.Pick(Verbs)} That {random.Pick(Nouns)}",
        < 89 => $"({random.Pick(Verbs)} Your) {random.Pick(Nouns)}",
        < 92 => $"{random.Pick(Nouns)} No. {1 + random.Below(12)}",
        < 94 => random.Pick(First),
        < 95 => random.Pick(OddTitles),
        _ => random.Pick(TitlesOfOtherScripts),
    };

    /// <summary>What follows a title, mostly nothing.</summary>
    public static string Version(ref SplitMix random) => random.Below(100) switch
    {
        < 4 => $" - Remastered {1995 + random.Below(30)}",
        < 8 => $" (feat. {random.Pick(First)} {random.Pick(Last)})",
        < 10 => $" - Live in {random.Pick(Places)}",
        < 12 => " - Radio Edit",
        < 14 => " (Acoustic)",
        < 15 => $" (From \"The {random.Pick(Adjectives)} {random.Pick(Nouns)}\")",
        _ => "",
    };

    static string Invented(ref SplitMix random)
    {
        var word = random.Pick(Syllables) + random.Pick(Syllables) + (random.Chance(60) ? random.Pick(Syllables) : "");
        return char.ToUpperInvariant(word[0]) + word[1..];
    }

    static string Plural(string noun) => noun switch
    {
        "Wolf" => "Wolves",
        [.., 'y'] when noun[^2] is not ('a' or 'e' or 'o') => noun[..^1] + "ies",
        [.., 's' or 'h'] => noun + "es",
        _ => noun + "s",
    };
}
