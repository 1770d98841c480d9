"""Python's HTML parser, then what a browser does to a form on its way."""

import re
from html.parser import HTMLParser

import lines


class Form(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag == "form":
            self.forms.append({"action": attributes["action"], "fields": {}})
        elif tag == "input":
            self.forms[-1]["fields"][attributes["name"]] = attributes["value"]


class Judge:
    def start(self, **_):
        return {}

    def page(self, html):
        # HTML 13.2.3.5: newlines are one character before the parser sees them.
        form = Form()
        form.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
        [found] = form.forms
        # HTML 4.10.21.4: a newline in a field's value leaves as two characters.
        sent = {
            name: re.sub("\r\n|\r|\n", "\r\n", value) for name, value in found["fields"].items()
        }
        return {"action": found["action"], "fields": sent, "tags": form.tags}


lines.serve(Judge())
