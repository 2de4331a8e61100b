# What an installed wheel has to do, in the folder of its environment: hold every file of the sources, whose folder is
# given, and train, report and certify.
files() { (cd "$1" && find . -type f ! -name '*.pyc' | sort); }
files lib/python3*/site-packages/longcount >installed.txt
files "$1" | diff - installed.txt

bin/longcount --version
bin/longcount --help >help.txt
small="--set words.training_words=200 --set words.validation_words=50 --set words.long_words=20 --set words.very_long_words=3"
bin/longcount train lstm --out store --runs 2 --epochs 2 $small
bin/longcount certify store >/dev/null
bin/longcount report store >/dev/null
grep -q '<svg' store/figures/*.svg
grep -qi 'worst-case' store/report.html
bin/longcount list cells >cells.txt
bin/python -c 'import longcount; print(longcount.evaluate("store", longcount.Words.from_strings(["()", "(())"])))'
